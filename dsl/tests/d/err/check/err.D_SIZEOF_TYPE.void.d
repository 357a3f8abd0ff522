BEGIN { trace(sizeof(void)); }
