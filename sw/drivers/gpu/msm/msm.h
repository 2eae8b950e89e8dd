/* SPDX-License-Identifier: MIT */
/* Between the parts of the Adreno driver (docs/adreno.md). */
#ifndef MSM_H
#define MSM_H

#include <adreno-smmu.h>
#include <atomic.h>
#include <bitfield.h>
#include <completion.h>
#include <device.h>
#include <dma-mapping.h>
#include <interrupt.h>
#include <io-pgtable.h>
#include <io.h>
#include <iommu.h>
#include <kernel.h>
#include <mutex.h>
#include <spinlock.h>
#include <timer.h>
#include <workqueue.h>

#include "msm-decode.h"
#include "msm-pm4.h"
#include "msm-regs.h"

/* Words of the ring: 8 << BUFSZ bytes. */
#define MSM_RING_BUFSZ		11
#define MSM_RING_WORDS		((8u << MSM_RING_BUFSZ) / 4)
/* CP_RB_RPTR is in memory after each so many bytes (8 << BLKSZ). */
#define MSM_RING_BLKSZ		4
/* The most words that a job takes in the ring. */
#define MSM_JOB_WORDS		20
/* What a restart may need beyond the jobs that were there. */
#define MSM_RING_SPARE		8
#define MSM_RING_NEEDED		(MSM_JOB_WORDS + MSM_RING_SPARE)

struct msm_gpu;
struct msm_process;

/**
 * struct msm_memptrs - what the GPU writes for the kernel
 * @rptr: CP_RB_RPTR
 * @fence: number of the last job that is done
 */
struct msm_memptrs {
	u32 rptr;
	u32 fence;
};

/* Memory that the CPU and the GPU see alike, physically contiguous. */
struct msm_bo {
	void *cpu;
	phys_addr_t phys;
	dma_addr_t dma;
	size_t size;
};

/* A word that the ring writes behind the packets of a job: the kernel's own. */
struct msm_poke {
	u64 iova;
	u32 value;
};

/**
 * struct msm_job - packets of a process
 * @iova, @words: where they are; no words: the GPU turns to the process, and
 *		  does nothing
 * @poke: NULL: none
 * @seqno: its fence
 * @status: 0; -EFAULT: an access was refused, the rest was done; -EIO or
 *	    -ETIMEDOUT: it was ended, and the GPU reset; -ENODEV: the GPU was
 *	    unbound
 * @faults: accesses that were refused
 * @done: it will not be looked at again
 */
struct msm_job {
	struct list_head node;
	struct msm_process *proc;
	u64 iova;
	u32 words;
	const struct msm_poke *poke;
	u32 seqno;
	int status;
	unsigned int faults;
	struct completion done;
};

/**
 * struct msm_process - addresses of a process: the lower half
 * @tables: by io-pgtable; under @lock, as is @heap
 * @asid: their tag
 * @refs: of the fault handler; under gpu->lock, like @jobs, those in the ring
 * @heap_iova, @heap_pages: addresses that get memory when they are used
 * @heap: their pages, or NULL each
 * @grown: pages that came so; @faults: accesses refused; @last: the last such
 * @lost: the SMMU may still use tables and memory
 */
struct msm_process {
	struct list_head node;
	struct msm_gpu *gpu;
	unsigned int id;
	spinlock_t lock;
	struct io_pgtable_ops *tables;
	struct io_pgtable_cfg cfg;
	u32 asid;
	unsigned int refs;
	unsigned int jobs;
	u64 heap_iova;
	unsigned int heap_pages;
	struct msm_bo **heap;
	unsigned int grown;
	unsigned int faults;
	struct msm_fault last;
	bool lost;
};

/**
 * struct msm_gpu - one GPU
 * @users: the binding's reference, and that of each msm_get()
 * @unused: the last of them has gone; until then all of this stays
 * @smmu: of its SMMU's driver
 * @kernel: the domain of the upper half
 * @page: the smallest page of all tables
 * @kernel_next: addresses of the upper half from here on are free
 * @ring_bo, @ring_iova, @mem_bo, @mem_iova: the ring, struct msm_memptrs
 * @idle: a process that has nothing, for when no other shall be in TTBR0
 * @stalling: faults wait for an answer
 * @fault_delay_ms: the handler takes so much longer, for msmtest
 * @making: over making and destroying processes
 * @lock: all below, up to @event
 * @ring: where the next packet goes
 * @in_ring: the process whose tables are in TTBR0 behind what is in the ring
 * @jobs: those in the ring, in order; the first is being worked on
 * @head_since: jiffies since when it is the first
 * @recovering: nothing goes to the ring
 * @bound: false once the driver leaves: no job comes, and no reset begins
 * @stopped: nothing runs any more, nor will; all jobs have ended
 * @dead: a reset did not help: it may still use what it had
 * @error, @guilty: why it is recovered, and the job that was at work (0: none)
 * @event: a job is done, or the GPU is back
 * @processes: in the order of making
 */
struct msm_gpu {
	struct list_head node;
	struct kref users;
	struct completion unused;
	struct device *dev;
	u8 __iomem *base;
	const struct adreno_smmu_ops *smmu;
	struct iommu_domain *kernel;
	struct io_pgtable_cfg ttbr1;
	size_t page;
	u64 kernel_next;
	struct msm_bo ring_bo;
	u64 ring_iova;
	struct msm_bo mem_bo;
	u64 mem_iova;
	volatile struct msm_memptrs *mem;
	struct msm_process *idle;
	bool stalling;
	unsigned int fault_delay_ms;
	struct mutex making;

	spinlock_t lock;
	struct msm_stream ring;
	struct msm_process *in_ring;
	struct list_head processes;
	struct list_head jobs;
	u32 seqno;
	unsigned long head_since;
	bool recovering;
	bool bound;
	bool stopped;
	bool dead;
	struct msm_error error;
	u32 guilty;
	unsigned int next_id;
	wait_queue_head_t event;

	struct workqueue_struct *wq;
	struct work_struct recover_work;
	struct timer_list watchdog;

	u64 jobs_done;
	u64 switches;
	u64 interrupts;
	u64 fetch_errors;
	u64 access_errors;
	u64 kernel_faults;
	u64 recoveries;
	u64 hangs;
};

static inline u32 msm_read(const struct msm_gpu *gpu, u32 reg)
{
	return readl(gpu->base + reg);
}

static inline void msm_write(struct msm_gpu *gpu, u32 reg, u32 value)
{
	writel(value, gpu->base + reg);
}

/* A pair of registers: bits 31:0, then the rest. */
static inline u64 msm_read64(const struct msm_gpu *gpu, u32 reg)
{
	return msm_read(gpu, reg) | (u64)msm_read(gpu, reg + 4) << 32;
}

static inline void msm_write64(struct msm_gpu *gpu, u32 reg, u64 value)
{
	msm_write(gpu, reg, (u32)value);
	msm_write(gpu, reg + 4, (u32)(value >> 32));
}

/* msm-gpu.c: the registers */
int msm_gpu_reset(struct msm_gpu *gpu);
void msm_gpu_start(struct msm_gpu *gpu);
int msm_gpu_stop(struct msm_gpu *gpu);
irqreturn_t msm_gpu_irq(int irq, void *data);
void msm_gpu_dump(struct msm_gpu *gpu);

/* msm-mmu.c: memory, and whose it is */
int msm_bo_alloc(struct msm_gpu *gpu, struct msm_bo *bo, size_t size);
void msm_bo_free(struct msm_gpu *gpu, struct msm_bo *bo);
int msm_kernel_map(struct msm_gpu *gpu, const struct msm_bo *bo, u64 *iova);
struct msm_process *msm_process_create(struct msm_gpu *gpu);
int msm_process_destroy(struct msm_process *p);
int msm_map(struct msm_process *p, u64 iova, const struct msm_bo *bo,
	    int prot);
int msm_unmap(struct msm_process *p, u64 iova, size_t size);
int msm_process_heap(struct msm_process *p, u64 iova, unsigned int pages);
bool msm_heap_grow(struct msm_process *p, u64 addr);
struct msm_process *msm_process_get_by_asid(struct msm_gpu *gpu, u32 asid);
void msm_process_put(struct msm_process *p);

/* msm-job.c: the ring */
int msm_submit(struct msm_process *p, struct msm_job *job, u64 iova,
	       u32 words);
int msm_wait(struct msm_job *job);
int msm_run(struct msm_process *p, struct msm_job *job, u64 iova, u32 words);
int msm_poke(struct msm_process *p, u64 iova, u32 value);
int msm_turn_to(struct msm_process *p);
void msm_retire(struct msm_gpu *gpu);
void msm_ring_restart(struct msm_gpu *gpu);
void msm_job_finish(struct msm_gpu *gpu, struct msm_job *job);
void msm_job_end_all(struct msm_gpu *gpu, int status);

/* msm-recover.c: a GPU that has stopped */
int msm_recover_init(struct msm_gpu *gpu);
void msm_recover_exit(struct msm_gpu *gpu);
void msm_recover(struct msm_gpu *gpu, const struct msm_error *e);
void msm_watch(struct msm_gpu *gpu);
void msm_progress(struct msm_gpu *gpu);

/* msm-fault.c: faults of the SMMU */
int msm_faults_init(struct msm_gpu *gpu);
void msm_faults_exit(struct msm_gpu *gpu);
int msm_set_stalling(struct msm_gpu *gpu, bool on);

/* msm-shell.c */
int msm_shell_init(void);
void msm_shell_exit(void);
void msm_shell_add(struct msm_gpu *gpu);
void msm_shell_remove(struct msm_gpu *gpu);
struct msm_gpu *msm_get(const char *name);
void msm_put(struct msm_gpu *gpu);

/* msm-test.c */
int msm_test(int argc, char **argv);

#endif
