BEGIN { trace(pid < -1); trace(arg0 <= 0xffffffffffffffff); trace((uint32_t)pid - 1 > 5); }
