/* A profile probe fires on each CPU; its two arguments are where. */
profile-500 { @ = count(); seen++; }
profile-500 /seen >= 3 && (arg0 != 0 || arg1 != 0)/ { fired = 1; exit(0); }
END /fired/ { printf("fired\n"); trunc(@); }
