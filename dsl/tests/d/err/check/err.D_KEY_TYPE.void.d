BEGIN { @a[(void)1] = count(); }
