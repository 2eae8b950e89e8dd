/* SPDX-License-Identifier: MIT */
/* Between the parts of the testdev driver (docs/testdev.md). */
#ifndef TESTDEV_DMA_H
#define TESTDEV_DMA_H

#include <completion.h>
#include <device.h>
#include <dma-mapping.h>
#include <interrupt.h>
#include <io.h>
#include <iommu.h>
#include <kernel.h>
#include <spinlock.h>

#define TD_OP_NOP		0
#define TD_OP_READ		1
#define TD_OP_WRITE		2
#define TD_OP_COPY		3
#define TD_OP_CHECK		4
#define TD_OP_TRANSLATE		5
#define TD_OP_PASID_STOP	6
#define TD_FLAG_IRQ		0x100u
#define TD_FLAG_SSV		0x200u
#define TD_FLAG_PRIV		0x400u
#define TD_FLAG_INST		0x800u
#define TD_TYPE			0x3000u
#define TD_TYPE_UNTRANSLATED	0x1000u
#define TD_TYPE_TRANSLATED	0x2000u
#define TD_FLAG_PAGES		0x4000u
#define TD_FLAG_MARKER		0x10000u

#define TD_PENDING		0
#define TD_OK			1
#define TD_READ_ERROR		2
#define TD_WRITE_ERROR		3
#define TD_MISMATCH		4
#define TD_BAD_DESCRIPTOR	5
#define TD_TRANSLATION_ERROR	6
#define TD_NO_RIGHTS		7
#define TD_PAGE_INVALID		8
#define TD_PAGE_FAILURE		9

/* RESULT of TD_OP_TRANSLATE */
#define TD_RESULT_R		0x1u
#define TD_RESULT_W		0x2u

#define TD_RING_SIZE		32u

/* Multiplier of the pattern: word i of seed s is (s + i) times this. */
#define TD_PATTERN		0x9e3779b97f4a7c15ULL

struct td_desc {
	u32 flags;
	u32 stream;
	u32 substream;
	u32 seed;
	u64 src;
	u64 dst;
	u64 length;
	u32 status;
	u32 response;
	u64 done;
	u64 result;
};
static_assert(sizeof(struct td_desc) == 64, "a descriptor is 64 bytes");

/**
 * struct testdev - one device
 * @streams: number of its streams
 * @plain: its requests are unprivileged data accesses without a SubstreamID, as
 *	   those of PCI are
 * @via_atc: its jobs use its cache of translations, if it has one that is on
 * @messages: its interrupts are messages, which go the way of its data
 * @ring: descriptors; @ring_dma: where the device finds them; @ring_base: where
 *	  it looks for them now, which a test may have changed
 * @prod: descriptors made ready since the device was enabled
 * @irq_seen: bits of IRQ_STATUS since the last wait began
 * @progress: an interrupt came
 * @fault_lock: guards the next two, which an interrupt handler writes
 * @fault: the first fault since td_arm_fault(); @faults: how many
 */
struct testdev {
	struct list_head node;
	struct device *dev;
	u8 __iomem *base;
	u32 streams;
	bool plain;
	bool via_atc;
	bool messages;

	struct td_desc *ring;
	dma_addr_t ring_dma;
	u64 ring_base;
	u32 prod;
	u32 irq_seen;
	struct completion progress;

	spinlock_t fault_lock;
	struct iommu_fault fault;
	unsigned int faults;
	struct completion fault_seen;
};

irqreturn_t td_irq(int irq, void *data);
/*
 * What is common to devices on all buses. A front sets @dev and @base, and
 * @plain; td_setup() looks at the registers, td_open() starts the device, once
 * its interrupt has a handler. td_close() undoes that.
 */
int td_setup(struct testdev *td);
int td_open(struct testdev *td);
void td_close(struct testdev *td);
#ifdef CONFIG_PCI
int td_pci_register(void);
void td_pci_unregister(void);
/* Whether it keeps translations. */
bool td_ats_enabled(const struct testdev *td);
/* The shell command. */
int td_atstest(int argc, char **argv);
#else
static inline bool td_ats_enabled(const struct testdev *td)
{
	return false;
}

static inline int td_pci_register(void)
{
	return 0;
}

static inline void td_pci_unregister(void)
{
}

static inline int td_atstest(int argc, char **argv)
{
	return -ENODEV;
}
#endif

/* Start the device with the ring at an address; stops it first. */
void td_start(struct testdev *td, u64 ring_base);
void td_stop(struct testdev *td);

/* Make descriptors ready, copies of those given, TD_RING_SIZE at most, and
 * wait until the last is finished. On return the statuses are in desc.
 * -ETIMEDOUT, or -EIO for a ring error; then the device must be started anew.
 */
int td_run(struct testdev *td, struct td_desc *desc, unsigned int n);

/* The same without interrupts. */
int td_run_polled(struct testdev *td, struct td_desc *desc, unsigned int n);

void td_arm_fault(struct testdev *td);
/* Wait for the first fault; false if none comes. */
bool td_wait_fault(struct testdev *td, unsigned int timeout_ms);

/* Entry @index of iommus: its StreamID, without the mask that an SMMUv2 has. */
u32 td_stream_id(const struct testdev *td, u32 index);

/* By name; the first one for NULL; NULL if there is none. */
struct testdev *td_find(const char *name);
/* The one behind @td, or the first; NULL: none. */
struct testdev *td_next(const struct testdev *td);
/* Another one than td, or NULL. */
struct testdev *td_other(const struct testdev *td);

/* The shell command; -errno if it could not run, or something failed. */
int td_dmatest(int argc, char **argv);

#endif
