#pragma once
#include <types.h>
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type*)((char*)(ptr)-offsetof(type, member)))
#define min(a, b)           \
  ({                        \
    __typeof__(a) a_ = (a); \
    __typeof__(b) b_ = (b); \
    a_ < b_ ? a_ : b_;      \
  })
#define max(a, b)           \
  ({                        \
    __typeof__(a) a_ = (a); \
    __typeof__(b) b_ = (b); \
    a_ > b_ ? a_ : b_;      \
  })
#define DECLARE_BITMAP(name, bits) unsigned long name[((bits) + 63) / 64]
void __set_bit(unsigned nr, unsigned long* addr);
void __clear_bit(unsigned nr, unsigned long* addr);
unsigned long find_next_zero_bit(const unsigned long* addr, unsigned long size, unsigned long offset);
int scnprintf(char* buf, size_t size, const char* fmt, ...) __attribute__((format(printf, 3, 4)));
