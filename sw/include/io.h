/* SPDX-License-Identifier: MIT */
/* Device registers: little-endian, ordered against DMA memory unless
 * _relaxed.
 */
#ifndef IO_H
#define IO_H

#include <barrier.h>
#include <compiler.h>
#include <types.h>

/* One load or store of exactly this size, without write-back addressing:
 * an emulator or hypervisor must be able to decode it from the syndrome.
 */
#define __IO_ACCESSORS(sfx, type, reg, insn)				\
static inline type __raw_read##sfx(const volatile void __iomem *a)	\
{									\
	type v;								\
									\
	__asm__ volatile("ldr" insn " %" reg "0, [%1]"			\
			 : "=r"(v) : "r"(a) : "memory");		\
	return v;							\
}									\
static inline void __raw_write##sfx(type v, volatile void __iomem *a)	\
{									\
	__asm__ volatile("str" insn " %" reg "0, [%1]"			\
			 : : "rZ"(v), "r"(a) : "memory");		\
}									\
static inline type read##sfx##_relaxed(const volatile void __iomem *a)	\
{									\
	return __raw_read##sfx(a);					\
}									\
static inline void write##sfx##_relaxed(type v, volatile void __iomem *a) \
{									\
	__raw_write##sfx(v, a);						\
}									\
static inline type read##sfx(const volatile void __iomem *a)		\
{									\
	type v = __raw_read##sfx(a);					\
									\
	dmb(oshld);							\
	return v;							\
}									\
static inline void write##sfx(type v, volatile void __iomem *a)	\
{									\
	dmb(oshst);							\
	__raw_write##sfx(v, a);						\
}

__IO_ACCESSORS(b, u8, "w", "b")
__IO_ACCESSORS(w, u16, "w", "h")
__IO_ACCESSORS(l, u32, "w", "")
__IO_ACCESSORS(q, u64, "x", "")

struct device;
struct resource;
struct platform_device;

/**
 * ioremap() - Map a range of device registers (Device-nGnRE).
 * @phys: any alignment
 * @size: bytes
 * Return: the address, or NULL.
 */
void __iomem *ioremap(phys_addr_t phys, size_t size);
void iounmap(volatile void __iomem *addr);

void __iomem *devm_ioremap(struct device *dev, phys_addr_t phys, size_t size);
/* Also claims the range: -EBUSY when another device has it. ERR_PTR. */
void __iomem *devm_ioremap_resource(struct device *dev,
				    const struct resource *res);
void __iomem *devm_platform_ioremap_resource(struct platform_device *pdev,
					     unsigned int index);
void __iomem *devm_platform_get_and_ioremap_resource(
	struct platform_device *pdev, unsigned int index,
	struct resource **res);

#endif
