/* Kernel types on a host, for tests. */
#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
typedef uint8_t u8;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef u64 phys_addr_t;
