/*
 * What tells containers apart, Linux's own: the current thread's cgroup (the last part of its path; of version 2) and the
 * number of that, and its process and thread numbers in its own namespace, with the number of that.
 */
inline string cgroup = stringof(curthread->cgroups->dfl_cgrp->kn->name);
inline uint64_t cgroupid = curthread->cgroups->dfl_cgrp->kn->id;

inline pid_t nspid = curthread->group_leader->thread_pid->numbers[curthread->group_leader->thread_pid->level].nr;
inline id_t nstid = curthread->thread_pid->numbers[curthread->thread_pid->level].nr;
inline uint_t pidns = curthread->thread_pid->numbers[curthread->thread_pid->level].ns->ns.inum;
