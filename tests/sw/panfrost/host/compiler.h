#pragma once
#include <types.h>
#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define READ_ONCE(x) (*(const volatile __typeof__(x)*)&(x))
#define __init
#define __exit
