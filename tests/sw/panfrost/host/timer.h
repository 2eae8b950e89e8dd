#pragma once
#include <types.h>
struct timer_list {
  struct timer_list* next;
  unsigned long expires;
  void (*function)(struct timer_list* t);
  bool pending;
};
#define from_timer(var, cb, field) ((__typeof__(var))((char*)(cb)-offsetof(__typeof__(*var), field)))
void timer_setup(struct timer_list* t, void (*fn)(struct timer_list* t), unsigned flags);
bool mod_timer(struct timer_list* t, unsigned long expires);
bool del_timer(struct timer_list* t);
bool del_timer_sync(struct timer_list* t);
extern unsigned long jiffies;
#define msecs_to_jiffies(ms) ((unsigned long)(ms))
