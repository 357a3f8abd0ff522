BEGIN { @a = count(); denormalize(@a, 5); }
