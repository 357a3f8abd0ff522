BEGIN { trace((char)pid); trace((uint16_t)arg0); trace((int64_t)(int)arg0); trace((uint8_t)(pid + 1) + 1); }
