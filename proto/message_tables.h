/* The field tables of the messages, for tests and references that walk them. Pure; any thread. */
#pragma once
#include "proto/codec.h"
#include "proto/message.h"

const struct record *message_record(enum message_type type); /* borrowed, static */
extern const struct record placeholder_record; /* of fleet.c: jobs carry them, too */
