BEGIN { @a = count(); @b = count(); printa("%@d %@d %@d", @a, @b); }
