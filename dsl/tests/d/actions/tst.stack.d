BEGIN { stack(); stack(5); ustack(); ustack(10); sym(arg0); func(arg0); mod(arg0); usym(arg0); umod(arg0); uaddr(arg0); }
