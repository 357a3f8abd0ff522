nosuch:::entry { trace(1); }
