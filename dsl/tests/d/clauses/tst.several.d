BEGIN,END,tick-1s /pid/ { trace(1); } syscall:::entry { @[probefunc] = count(); }
