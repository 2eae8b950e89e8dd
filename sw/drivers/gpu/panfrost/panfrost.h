/* SPDX-License-Identifier: MIT */
/*
 * Driver of a Mali GPU with a job manager.
 *
 * One mutex of the GPU, pan_device.lock, is over its registers, its address
 * spaces, its slots, and the tables and buffers of all clients. The handlers of
 * its interrupts for jobs and faults only mask them; threads do the rest, and
 * take it.
 */
#ifndef PANFROST_H
#define PANFROST_H

#include <atomic.h>
#include <completion.h>
#include <device.h>
#include <io-pgtable.h>
#include <io.h>
#include <kernel.h>
#include <list.h>
#include <mm.h>
#include <mutex.h>
#include <timer.h>
#include <workqueue.h>

#include "panfrost-as.h"
#include "panfrost-desc.h"
#include "panfrost-fault.h"
#include "panfrost-regs.h"

/* Job slots for which there is room in JOB_INT. */
#define PAN_MAX_SLOTS		16
/* A job that has not ended after so many milliseconds is stopped. */
#define PAN_JOB_TIMEOUT_MS	500
/* And the GPU is reset when that has not helped after so many more. */
#define PAN_STOP_TIMEOUT_MS	50
/* Every other wait for the GPU. */
#define PAN_TIMEOUT_US		100000
/* So often a job is started again because of resets that others are guilty of.
 */
#define PAN_MAX_STARTS		8

/* GPU addresses that clients use: the first pages stay free, so that a null
 * pointer faults.
 */
#define PAN_VA_START		(32ULL << 20)
#define PAN_VA_END		(4ULL << 30)
#define PAN_BLOCK		(2UL << 20)	/* a leaf of level 2 */

/**
 * struct pan_features - what the GPU says of itself
 * @id: GPU_ID
 * @as_present, @js_present: one bit each
 * @types: kinds of jobs that every slot takes, one bit each
 * @va_bits, @pa_bits: of its MMU
 * @shader, @tiler, @l2: cores that are present
 */
struct pan_features {
	u32 id;
	u32 as_present;
	u32 js_present;
	u32 types;
	unsigned int va_bits;
	unsigned int pa_bits;
	u64 shader;
	u64 tiler;
	u64 l2;
};

/**
 * struct pan_stats - counts since the device was bound
 * @done, @failed, @stopped: jobs by how they ended
 * @faults: page faults in all
 * @grown: of them, those that a growing buffer answered
 * @evictions: clients that lost their address space to another
 * @resets: of the GPU, the first one not counted
 */
struct pan_stats {
	u64 done;
	u64 failed;
	u64 stopped;
	u64 faults;
	u64 grown;
	u64 evictions;
	u64 resets;
};

struct pan_job;

/**
 * struct pan_slot - a job slot
 * @queue: jobs that wait for it
 * @running: the one that the GPU has
 * @deadline: when that one has to have ended, in jiffies
 * @stopping: it has been told to stop, and then ends by @stop_result
 * @timer: wakes the watchdog at the deadline
 */
struct pan_slot {
	struct pan_device *pan;
	unsigned int index;
	bool present;
	struct list_head queue;
	struct pan_job *running;
	unsigned long deadline;
	bool stopping;
	int stop_result;
	struct timer_list timer;
};

/**
 * struct pan_device - a GPU
 * @kref: the binding's and each client's
 * @lock: see above
 * @bound: false once the driver has left the device
 * @lost: the GPU does not even answer a reset: nothing is started any more
 * @hung: why a reset is due; NULL: none is
 * @kernel: the driver's own client, by which the format is held
 * @watchdog: looks after jobs that do not end
 * @ended: woken when a job has
 */
struct pan_device {
	struct kref kref;
	struct list_head node;
	struct device *dev;
	u8 __iomem *base;
	struct pan_features features;
	struct mutex lock;
	bool bound;
	bool lost;
	const char *hung;
	struct pan_as_table as;
	struct pan_slot slots[PAN_MAX_SLOTS];
	struct list_head clients;
	unsigned int last_client;
	struct pan_client *kernel;
	struct workqueue_struct *wq;
	struct work_struct watchdog;
	wait_queue_head_t ended;
	struct pan_stats stats;
	int irq_job;
	int irq_mmu;
	int irq_gpu;
};

/**
 * struct pan_client - an address space of somebody's, and what is in it
 * @id: 0 is the driver itself
 * @tables: NULL once the device is unbound
 * @faulted: a fault has ended its jobs: its address space is off
 * @fault: the last fault that nobody answered, of @faults
 * @running: jobs that the GPU has
 * @buffers: by address
 */
struct pan_client {
	struct pan_device *pan;
	struct list_head node;
	unsigned int id;
	struct io_pgtable_ops *tables;
	u64 transtab;
	u64 memattr;
	bool faulted;
	struct pan_fault fault;
	u64 faults;
	unsigned int running;
	struct list_head buffers;
};

/* Flags of a buffer. */
#define PAN_BUFFER_READONLY	1u	/* for the GPU */
#define PAN_BUFFER_HEAP		2u	/* memory comes when the GPU asks */

/**
 * struct pan_buffer - memory in the address space of a client
 * @addr: for the GPU
 * @size: bytes, whole chunks
 * @chunk: memory comes in pieces of this size
 * @mem: the pieces; NULL: not there yet
 * @present: pieces that are there
 */
struct pan_buffer {
	struct pan_client *client;
	struct list_head node;
	u64 addr;
	size_t size;
	size_t chunk;
	unsigned int flags;
	void **mem;
	size_t present;
};

/**
 * struct pan_job - a chain of jobs for a slot
 * @client: whose; stays open until the job has ended
 * @head: address of the first descriptor
 * @slot: that it is for
 * @timeout_ms: 0: PAN_JOB_TIMEOUT_MS
 * @result: 0; -EIO: it has failed; -ETIMEDOUT: it did not end; -ECANCELED: its
 *	    client has closed; -ENODEV: the GPU is gone. Valid once @done is
 * @status: JS_STATUS, of -EIO
 * @stopped_at: JS_TAIL, of -EIO: the job of the chain that has failed
 * @starts: how often the GPU has got it
 */
struct pan_job {
	struct pan_client *client;
	u64 head;
	unsigned int slot;
	unsigned int timeout_ms;

	int result;
	u32 status;
	u64 stopped_at;
	unsigned int starts;

	struct completion done;
	/* private */
	struct list_head node;
	unsigned int as;
	u64 resume;		/* where the GPU begins when it gets it */
};

static inline u32 pan_read(const struct pan_device *pan, u32 reg)
{
	return readl(pan->base + reg);
}

static inline void pan_write(struct pan_device *pan, u32 reg, u32 value)
{
	writel(value, pan->base + reg);
}

/* Two halves; what they hold does not change meanwhile. */
static inline u64 pan_read64(const struct pan_device *pan, u32 lo)
{
	return pan_read(pan, lo) | (u64)pan_read(pan, lo + 4) << 32;
}

static inline void pan_write64(struct pan_device *pan, u32 lo, u64 value)
{
	pan_write(pan, lo, (u32)value);
	pan_write(pan, lo + 4, (u32)(value >> 32));
}

/* panfrost.c */
struct pan_device *pan_get(const char *name);
void pan_put(struct pan_device *pan);

/* panfrost-gpu.c */
int pan_gpu_reset(struct pan_device *pan);
void pan_gpu_identify(struct pan_device *pan);
void pan_gpu_show(const struct pan_device *pan);
int pan_gpu_power_on(struct pan_device *pan);
void pan_gpu_power_off(struct pan_device *pan);
int pan_gpu_request_irq(struct pan_device *pan);

/* panfrost-mmu.c */
int pan_mmu_take(struct pan_client *c);
void pan_mmu_release(struct pan_device *pan, unsigned int as);
int pan_mmu_leave(struct pan_client *c);
int pan_mmu_flush(struct pan_client *c, u64 start, u64 size, u32 command);
int pan_mmu_request_irq(struct pan_device *pan);
void pan_mmu_enable_irq(struct pan_device *pan);
extern const struct iommu_flush_ops pan_flush_ops;

/* panfrost-client.c */
struct pan_client *pan_client_new(struct pan_device *pan);
void pan_client_free(struct pan_client *c);
int pan_client_open(struct pan_device *pan, struct pan_client **client);
void pan_client_close(struct pan_client *c);
void pan_client_lose(struct pan_client *c);

/* panfrost-buffer.c */
struct pan_buffer *pan_buffer_create(struct pan_client *c, u64 addr,
				     size_t size, size_t chunk,
				     unsigned int flags);
void pan_buffer_destroy(struct pan_buffer *b);
void pan_buffer_unmap_dma(struct pan_buffer *b);
void pan_buffer_free(struct pan_buffer *b);
int pan_buffer_grow(struct pan_client *c, const struct pan_fault *f);
int pan_buffer_write(struct pan_buffer *b, size_t offset, const void *from,
		     size_t size);
int pan_buffer_read(struct pan_buffer *b, size_t offset, void *to,
		    size_t size);

/* panfrost-job.c */
void pan_job_init(struct pan_device *pan);
int pan_job_request_irq(struct pan_device *pan);
void pan_job_enable_irq(struct pan_device *pan);
int pan_job_submit(struct pan_job *job);
int pan_job_wait(struct pan_job *job);
int pan_job_run(struct pan_client *c, u64 head, unsigned int slot,
		struct pan_job *job);
void pan_job_end(struct pan_slot *slot, int result);
void pan_job_put_back(struct pan_slot *slot);
bool pan_job_collect(struct pan_slot *slot, u32 raw);
void pan_job_start_all(struct pan_device *pan);
void pan_job_cancel(struct pan_client *c);
void pan_job_end_all(struct pan_device *pan, int result);

/* panfrost-recover.c */
extern bool pan_may_stop;
void pan_recover_init(struct pan_device *pan);
void pan_recover_exit(struct pan_device *pan);
void pan_watch(struct pan_slot *slot, unsigned int ms);
void pan_stop(struct pan_slot *slot, int result);
void pan_want_reset(struct pan_device *pan, const char *why);
void pan_reset(struct pan_device *pan, const char *why);

/* panfrost-shell.c */
int pan_shell_init(void);
void pan_shell_exit(void);

/* panfrost-test.c */
int pan_test(int argc, char **argv);

#endif
