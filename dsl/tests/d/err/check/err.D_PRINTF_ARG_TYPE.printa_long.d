BEGIN { @a[1] = count(); printa("%ld %@ld\n", @a); }
