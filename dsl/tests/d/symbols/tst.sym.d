/* sym() and mod() show where an address is. */
BEGIN { sym((uint64_t)&`vfs_read + 4); printf("|"); mod((uint64_t)&`vfs_read); exit(0); }
