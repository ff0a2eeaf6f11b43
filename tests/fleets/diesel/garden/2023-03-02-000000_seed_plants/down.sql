truncate plantings, beds, gardens, plants restart identity;
