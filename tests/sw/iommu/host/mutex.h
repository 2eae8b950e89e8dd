#pragma once
void host_mutex(int lock);
#define DEFINE_MUTEX(x) int x
#define mutex_lock(m) ((void)(m), host_mutex(1))
#define mutex_unlock(m) ((void)(m), host_mutex(0))
