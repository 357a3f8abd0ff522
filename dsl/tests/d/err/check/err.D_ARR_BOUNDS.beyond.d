/* The array has elements 0 to 3. */
int a[4];
BEGIN { a[4] = 1; }
