/* The kernel's names are private to it. */
#pragma D option amin=Evolving/Evolving/Common
BEGIN { trace(`jiffies); }
