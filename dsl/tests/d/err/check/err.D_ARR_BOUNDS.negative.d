self char buf[8];
BEGIN { trace(self->buf[-1]); }
