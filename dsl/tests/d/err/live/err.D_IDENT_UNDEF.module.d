BEGIN { trace(nosuchmodule`jiffies); }
