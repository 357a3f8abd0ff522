/* Addresses of kernel functions, and %a. */
BEGIN { printf("%a\n", (uint64_t)&`vfs_read); printf("%d\n", (uint64_t)&vmlinux`vfs_read > 0xffff000000000000); exit(0); }
