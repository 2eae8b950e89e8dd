// The kernel's side for one thread, the SMMU, and a GPU that knows of jobs only whether they end.
#include "host_msm.h"

#include <msm.h>
#include <platform_device.h>
#include <stdarg.h>
#include <stdlib.h>

#define BLOCKS 64
#define JOBS 8

unsigned long jiffies = 1000;

static char messages[8192];
static void* blocks[BLOCKS];  // that are allocated
static size_t allocated;
static void* managed;  // of the device
static unsigned tables_alive, asids, locks;
static struct platform_driver* driver;
static struct platform_device pdev;
static struct iommu_domain* attached;
static bool translates;
static struct timer_list* armed;
static irq_handler_t irq;
static void* irq_data;
static u32 registers[0x40000 / 4];
static bool works, busy, doorbell;
static unsigned starts;
static void (*others)(void), (*in_reset)(void);
static struct msm_gpu* gpu;
static struct msm_process* process;
static struct msm_job jobs[JOBS];
static unsigned num_jobs;

void host_check(bool condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "host: %s\n%s", what, messages);
  abort();
}
const char* host_messages(void) { return messages; }
void host_say(const char* fmt, ...) {
  const size_t used = strlen(messages);
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(messages + used, sizeof(messages) - used, fmt, ap);
  va_end(ap);
}

// Memory.
static void* get(size_t size) {
  host_check(allocated < BLOCKS, "too many blocks of memory");
  return blocks[allocated++] = calloc(1, size);
}
static void give_back(const void* p) {
  size_t i = 0;
  if (!p) return;
  while (i < allocated && blocks[i] != p) i++;
  host_check(i < allocated, "memory is freed that is none");
  blocks[i] = blocks[--allocated];
  free((void*)p);
}
void* kmalloc(size_t size, gfp_t gfp) { return (void)gfp, get(size); }
void kfree(const void* p) { give_back(p); }
void* devm_kzalloc(struct device* dev, size_t size, gfp_t gfp) {
  return (void)dev, (void)gfp, managed = get(size);
}
void* dma_alloc_coherent(struct device* dev, size_t size, dma_addr_t* dma, gfp_t gfp) {
  void* p = get(size);
  (void)dev, (void)gfp;
  *dma = (dma_addr_t)(uintptr_t)p;
  return p;
}
void dma_free_coherent(struct device* dev, size_t size, void* cpu, dma_addr_t dma) {
  (void)dev, (void)size, (void)dma;
  give_back(cpu);
}

// Locks, timers, works.
void spin_lock_init(spinlock_t* l) { l->locked = 0; }
void spin_lock(spinlock_t* l) { host_check(!l->locked, "a lock is taken twice"), l->locked = 1, locks++; }
void spin_unlock(spinlock_t* l) {
  host_check(l->locked, "a lock is left that is not held"), l->locked = 0, locks--;
}
void mutex_lock(struct mutex* m) { spin_lock(&m->lock), locks--; }
void mutex_unlock(struct mutex* m) { locks++, spin_unlock(&m->lock); }

void mod_timer(struct timer_list* t, unsigned long expires) { (void)expires, t->pending = true, armed = t; }
void del_timer_sync(struct timer_list* t) {
  t->pending = false;
  if (armed == t) armed = NULL;
}
bool host_timer_armed(void) { return armed != NULL; }

struct workqueue_struct {
  struct work_struct* work;
};
static struct workqueue_struct* queue;
static bool run_work(void) {
  struct work_struct* w = queue ? queue->work : NULL;
  if (!w) return false;
  queue->work = NULL;
  w->func(w);
  return true;
}
void queue_work(struct workqueue_struct* wq, struct work_struct* w) {
  host_check(wq == queue, "a work for a queue that has gone");
  wq->work = w;
}
struct workqueue_struct* alloc_ordered_workqueue(const char* fmt, unsigned flags, const char* name) {
  (void)fmt, (void)flags, (void)name;
  return queue = get(sizeof(*queue));
}
void destroy_workqueue(struct workqueue_struct* wq) {
  while (run_work()) {
  }
  give_back(wq);
  queue = NULL;
}
bool host_queue_exists(void) { return queue != NULL; }

// Page tables: what there is of them is counted.
struct tables {
  struct io_pgtable_ops ops;
};
int alloc_io_pgtable_ops(enum io_pgtable_fmt fmt, struct io_pgtable_cfg* cfg, void* cookie,
                         struct module* user, struct io_pgtable_ops** ops) {
  (void)cookie, (void)user;
  host_check(fmt == ARM_64_LPAE_S1, "other tables than the SMMU's");
  struct tables* t = get(sizeof(*t));
  cfg->arm_lpae_s1_cfg.ttbr = (u64)(uintptr_t)t;
  tables_alive++;
  *ops = &t->ops;
  return 0;
}
void free_io_pgtable_ops(struct io_pgtable_ops* ops) {
  host_check(!busy, "tables are freed that the GPU may use");
  tables_alive--;
  give_back(ops);
}

// The SMMU.
static int get_ttbr1_cfg(struct device* dev, struct io_pgtable_cfg* cfg) {
  (void)dev;
  *cfg = (struct io_pgtable_cfg){.pgsize_bitmap = 4096, .ias = 48, .oas = 40};
  return 0;
}
static int set_ttbr0_cfg(struct device* dev, const struct io_pgtable_cfg* cfg, u32 asid) {
  (void)dev, (void)asid;
  host_check(attached, "TTBR0 is set where nothing is attached");
  translates = cfg != NULL;
  return 0;
}
static int asid_alloc(struct device* dev) { return (void)dev, (int)(256 + asids++); }
static void asid_free(struct device* dev, u32 asid) { (void)dev, (void)asid; }
static int tlb_inv_asid(struct device* dev, u32 asid) {
  (void)dev, (void)asid;
  return host_check(attached, "a tag is forgotten where nothing is attached"), 0;
}
static void get_fault(struct device* dev, struct adreno_smmu_fault* f) {
  (void)dev, memset(f, 0, sizeof(*f));
}
static const struct adreno_smmu_ops adreno_ops = {.get_ttbr1_cfg = get_ttbr1_cfg,
                                                  .set_ttbr0_cfg = set_ttbr0_cfg,
                                                  .asid_alloc = asid_alloc,
                                                  .asid_free = asid_free,
                                                  .tlb_inv_asid = tlb_inv_asid,
                                                  .get_fault = get_fault};
static const struct iommu_ops smmu_ops = {&adreno_ops};
static struct device smmu_device = {.name = "smmu"};
static struct iommu_device smmu = {&smmu_device, &smmu_ops};
static struct iommu_fwspec fwspec = {&smmu};

int iommu_set_fault_handler(struct device* dev, iommu_fault_handler_t handler, void* data) {
  (void)dev, (void)handler, (void)data;
  return 0;
}
int iommu_set_page_fault_handler(struct device* dev, iommu_page_fault_handler_t handler, void* data) {
  (void)dev, (void)handler, (void)data;
  return 0;
}
struct iommu_domain* iommu_domain_alloc(struct device* dev, unsigned type) {
  (void)dev, (void)type;
  struct iommu_domain* domain = get(sizeof(*domain));
  domain->aperture_start = 0xffff000000000000;
  return domain;
}
void iommu_domain_free(struct iommu_domain* domain) {
  host_check(attached != domain, "a domain is freed that is attached");
  give_back(domain);
}
int iommu_attach_device(struct iommu_domain* domain, struct device* dev) {
  return (void)dev, attached = domain, 0;
}
void iommu_detach_device(struct iommu_domain* domain, struct device* dev) {
  (void)dev;
  host_check(attached == domain, "another domain is detached");
  attached = NULL;
}
int iommu_map(struct iommu_domain* domain, u64 iova, phys_addr_t phys, size_t size, int prot) {
  (void)domain, (void)iova, (void)phys, (void)size, (void)prot;
  return 0;
}
bool host_translates(void) { return translates; }

// The GPU.
u32 readl(const volatile void* addr) {
  const size_t offset = (size_t)((const volatile char*)addr - (const volatile char*)registers);
  host_check(managed && offset < sizeof(registers), "a register is read that is not mapped");
  if (offset == RBBM_STATUS) {
    void (*fn)(void) = in_reset;
    in_reset = NULL;
    if (fn) fn();
    return busy;
  }
  return registers[offset / 4];
}
void writel(u32 value, volatile void* addr) {
  const size_t offset = (size_t)((volatile char*)addr - (volatile char*)registers);
  host_check(managed && offset < sizeof(registers), "a register is written that is not mapped");
  registers[offset / 4] = value;
  if (offset == CP_RB_WPTR) doorbell = true;
  if (offset == CP_SQE_CNTL && value & SQE_CNTL_RUN) starts++;
  if (offset == RBBM_INT_CLEAR_CMD) registers[RBBM_INT_0_STATUS / 4] &= ~value;
  if (offset == RBBM_SW_RESET_CMD && value) doorbell = false, registers[CP_SQE_CNTL / 4] = 0;
}
// All that is in the ring is done, and an interrupt raised.
static bool do_jobs(void) {
  struct msm_gpu* g = platform_get_drvdata(&pdev);
  if (!works || !doorbell || !(registers[CP_SQE_CNTL / 4] & SQE_CNTL_RUN)) return false;
  doorbell = false;
  g->mem->rptr = registers[CP_RB_RPTR / 4] = registers[CP_RB_WPTR / 4];
  g->mem->fence = g->seqno;
  registers[RBBM_INT_0_STATUS / 4] |= INT_CP_CACHE_FLUSH_TS;
  if (irq) irq(0, irq_data);
  return true;
}
void host_let_work(bool work) { works = work; }
void host_stay_busy(void) { busy = true; }
unsigned host_starts(void) { return starts; }

bool host_something_happens(void) {
  void (*fn)(void) = others;
  host_check(!locks, "a wait with a spin lock");
  if (do_jobs() || run_work()) return true;
  others = NULL;
  if (fn) fn();
  return fn != NULL;
}
void host_meanwhile(void (*fn)(void)) { others = fn; }
void host_in_reset(void (*fn)(void)) { in_reset = fn; }

// The device and its driver.
int devm_request_irq(struct device* dev, unsigned n, irq_handler_t handler, unsigned long flags,
                     const char* name, void* id) {
  (void)dev, (void)n, (void)flags, (void)name;
  irq = handler, irq_data = id;
  return 0;
}
void devm_free_irq(struct device* dev, unsigned n, void* id) { (void)dev, (void)n, (void)id, irq = NULL; }
void* devm_platform_ioremap_resource(struct platform_device* p, unsigned index) {
  return (void)p, (void)index, registers;
}
int platform_driver_register(struct platform_driver* drv) { return driver = drv, 0; }
void platform_driver_unregister(struct platform_driver* drv) { (void)drv, driver = NULL; }
int msm_test(int argc, char** argv) { return (void)argc, (void)argv, 0; }

void host_start(void) {
  messages[0] = 0;
  memset(registers, 0, sizeof(registers));
  works = true, busy = doorbell = translates = false;
  starts = asids = num_jobs = 0;
  others = in_reset = NULL;
  pdev = (struct platform_device){.dev = {.name = "gpu", .iommu = &fwspec, .dma_coherent = true}};
  host_check(!host_module_init(), "the module does not start");
}
static void release_all(void) {
  host_check(!irq, "the interrupt is left requested");
  give_back(managed);
  managed = NULL;
}
int host_probe(void) {
  const int ret = driver->probe(&pdev);
  if (ret) release_all();
  return ret;
}
void host_remove(void) {
  driver->remove(&pdev);
  release_all();
}
void host_end_of_test(unsigned lost_blocks, unsigned lost_tables) {
  host_module_exit();
  host_check(allocated == lost_blocks, "memory is lost, or is not");
  host_check(tables_alive == lost_tables, "tables are lost, or are not");
  host_check(!armed && !queue && !attached && !translates, "a timer, a queue or a domain is left");
  while (allocated) free(blocks[--allocated]);
  tables_alive = 0;
}

// The user.
int host_get(void) { return (gpu = msm_get(NULL)) ? 0 : -ENODEV; }
void host_put(void) { msm_put(gpu); }
int host_open(void) {
  process = msm_process_create(gpu);
  return PTR_ERR_OR_ZERO(process);
}
int host_close(void) { return msm_process_destroy(process); }
int host_submit(void) {
  host_check(num_jobs < JOBS, "too many jobs");
  const int ret = msm_submit(process, &jobs[num_jobs], 0x1000, 4);
  num_jobs += !ret;
  return ret;
}
int host_status(void) { return jobs[0].done.done ? jobs[0].status : -EINPROGRESS; }
void host_watch(void) { msm_watch(gpu); }
void host_recover(void) {
  const struct msm_error e = {.stopped = true, .why = "test"};
  msm_recover(gpu, &e);
}
