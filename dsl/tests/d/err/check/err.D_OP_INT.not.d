BEGIN { trace(~curthread); }
