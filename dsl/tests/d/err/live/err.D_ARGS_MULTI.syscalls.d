syscall::read:entry, syscall::openat:entry { this->ok = 1; }
syscall:::entry { trace(args[0]); }
