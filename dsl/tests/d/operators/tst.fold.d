BEGIN { trace(1 + 2 * 3); trace(2147483647 + 1); trace(0xffffffff + 1); trace(1 ? 2 : pid); trace(0 && pid); }
