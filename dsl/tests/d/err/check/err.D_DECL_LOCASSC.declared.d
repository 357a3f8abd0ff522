this int a[string]; BEGIN { trace(1); }
