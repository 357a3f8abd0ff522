syscall::read:entry { self->t = timestamp; } syscall::read:return /self->t/ { trace(timestamp - self->t); self->t = 0; }
