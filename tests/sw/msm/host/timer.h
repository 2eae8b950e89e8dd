#pragma once
#include <types.h>
/* No time passes: a timer that is armed stays so. */
struct timer_list {
  void (*function)(struct timer_list* t);
  bool pending;
};
#define from_timer(var, cb, field) ((__typeof__(var))((char*)(cb)-offsetof(__typeof__(*var), field)))
#define timer_setup(t, fn, flags) ((void)(*(t) = (struct timer_list){fn, false}))
void mod_timer(struct timer_list* t, unsigned long expires);
void del_timer_sync(struct timer_list* t);
extern unsigned long jiffies;
#define msecs_to_jiffies(ms) ((unsigned long)(ms))
