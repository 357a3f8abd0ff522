BEGIN { this->a = pid; this->s = execname; trace(this->a); trace(this->s); }
