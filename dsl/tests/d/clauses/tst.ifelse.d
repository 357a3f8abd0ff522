BEGIN /arg0/ { trace(1); if (pid == 5) { trace(2); } else if (pid == 6) { trace(3); } else { trace(4); } trace(5); }
