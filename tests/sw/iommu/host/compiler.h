#pragma once
#include <types.h>
#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
