BEGIN { a[execname, pid] = arg0; a["x", 5]++; trace(a["x", pid]); self->b[tid] = "s"; trace(self->b[1]); }
