#pragma once
#include <bitops.h>
#include <compiler.h>
#include <err.h>
#include <math.h>
#include <types.h>
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type*)((char*)(ptr)-offsetof(type, member)))
int scnprintf(char* buf, size_t size, const char* fmt, ...) __attribute__((format(printf, 3, 4)));
