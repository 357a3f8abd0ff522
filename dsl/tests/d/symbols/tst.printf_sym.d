/* %a with an offset, and in a field. */
BEGIN { printf("%a [%20a] [%-20a]\n", (uint64_t)&`vfs_read + 8, (uint64_t)&`vfs_read, (uint64_t)&`vfs_read); exit(0); }
