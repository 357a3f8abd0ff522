BEGIN { trace(sx_shared_held(curthread)); }
