/* What an aggregation makes is a number. */
BEGIN { @a[1] = count(); printa("%d %@s\n", @a); }
