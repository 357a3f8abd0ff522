int a[];
BEGIN { a[1] = 2; }
