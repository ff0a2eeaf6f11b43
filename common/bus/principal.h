/* Who a client is to the broker, as far as its own properties tell. */
#pragma once
#include "bus/bus.h"

#define PRINCIPAL_SIZE 300
/* "User:ANONYMOUS", "User:name" with SASL, "User:CN=..." with a client's certificate (as Kafka names it unless the
 * broker has ssl.principal.mapping.rules). Reads the certificate's file. */
void bus_principal(const struct bus_settings *settings, char name[PRINCIPAL_SIZE]);
/* The value of a property; NULL: not set. Borrowed. */
const char *bus_property(const struct bus_settings *settings, const char *name);
