#pragma once
#define DEFINE_SPINLOCK(x) int x
#define spin_lock_irqsave(l, f) ((void)(l), (void)((f) = 0))
#define spin_unlock_irqrestore(l, f) ((void)(l), (void)(f))
