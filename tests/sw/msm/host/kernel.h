#pragma once
#include <bits.h>
#include <compiler.h>
#include <err.h>
#include <list.h>
#include <math.h>
#include <types.h>
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type*)((char*)(ptr)-offsetof(type, member)))
#define PAGE_SIZE 4096ul
#define WARN_ON(c) host_check(!(c), #c)
void host_check(bool condition, const char* what);
static inline const char* errname(int error) { return strerror(error < 0 ? -error : error); }
