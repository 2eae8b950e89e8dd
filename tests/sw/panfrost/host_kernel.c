// The kernel's side: memory, locks, time, interrupts and page tables for one thread; and the driver's
// functions by numbers, for tests.
#include "host_kernel.h"

#include <dma-mapping.h>
#include <interrupt.h>
#include <iommu.h>
#include <mm.h>
#include <panfrost.h>
#include <platform_device.h>
#include <stdarg.h>
#include <stdlib.h>

#define OBJECTS 1024
#define PAGES 8192
#define BLOCKS 4096

unsigned long jiffies;

static char messages[16384];
static void* blocks[BLOCKS];  // that are allocated
static size_t allocated;
static unsigned fail_at;
static struct timer_list* timers;
static struct timer_list* running_timer;  // off the list, and its function has not ended
static struct work_struct* work;
static struct platform_driver* driver;
static struct platform_device gpu;
static struct resource window;
static void (*actions[4])(void*);
static void* action_data[4];
static unsigned num_actions;
static struct {
  irq_handler_t handler, thread;
  void* id;
} irqs[3];
static unsigned tables_alive, holders;
static struct pan_client* clients[OBJECTS];
static struct pan_buffer* buffers[OBJECTS];
static struct pan_job* jobs[OBJECTS];
static int num_clients, num_buffers, num_jobs;

void host_check(bool condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "host GPU: %s\n%s", what, messages);
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
int scnprintf(char* buf, size_t size, const char* fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  const int n = vsnprintf(buf, size, fmt, ap);
  va_end(ap);
  return n < (int)size ? n : (int)size - 1;
}

// Memory. Sizes that no machine has are refused.
static void* get(size_t align, size_t size, gfp_t gfp) {
  if ((fail_at && !--fail_at) || size > 1u << 30) return NULL;
  void* p = aligned_alloc(align, (size + align - 1) / align * align);
  host_check(p, "no memory");
  if (gfp & __GFP_ZERO) memset(p, 0, size);
  host_check(allocated < BLOCKS, "too many blocks of memory");
  return blocks[allocated++] = p;
}
static void give_back(void* p) {
  size_t i = 0;
  if (!p) return;
  while (i < allocated && blocks[i] != p) i++;
  host_check(i < allocated, "memory is freed that is none");
  blocks[i] = blocks[--allocated];
  free(p);
}
void* kmalloc(size_t size, gfp_t gfp) { return get(16, size, gfp); }
void kfree(const void* p) { give_back((void*)p); }
void* alloc_pages_exact(size_t size, gfp_t gfp) { return get(size, size, gfp); }
void free_pages_exact(void* p, size_t size) { (void)size, give_back(p); }
phys_addr_t virt_to_phys(const volatile void* p) { return (phys_addr_t)(uintptr_t)p; }
void host_fail_allocation(unsigned n) { fail_at = n; }

static unsigned dma_maps;
int dma_set_mask_and_coherent(struct device* dev, u64 mask) { return (void)dev, mask ? 0 : -EIO; }
dma_addr_t dma_map_single(struct device* dev, void* p, size_t size, enum dma_data_direction dir) {
  (void)dev, (void)size, (void)dir;
  dma_maps++;
  return virt_to_phys(p);
}
void dma_unmap_single(struct device* dev, dma_addr_t addr, size_t size, enum dma_data_direction dir) {
  (void)dev, (void)addr, (void)size, (void)dir;
  host_check(dma_maps--, "more is unmapped than was mapped");
}

// Page tables: a list of leaves.
struct leaf {
  u64 addr, phys;
  size_t size;
  int prot;
};
struct tables {
  struct io_pgtable_ops ops;
  const struct iommu_flush_ops* tlb;
  void* cookie;
  size_t count;
  struct leaf leaves[PAGES];
};
static int map_pages(struct io_pgtable_ops* ops, unsigned long iova, phys_addr_t paddr, size_t pgsize,
                     size_t n, int prot, gfp_t gfp, size_t* mapped) {
  struct tables* t = (struct tables*)ops;
  (void)gfp;
  for (size_t i = 0; i < n; i++) {
    if (fail_at && !--fail_at) return -ENOMEM;
    host_check(t->count < PAGES, "too many leaves for the harness");
    for (size_t k = 0; k < t->count; k++)
      host_check(t->leaves[k].addr + t->leaves[k].size <= iova || iova + pgsize <= t->leaves[k].addr,
                 "mapped twice");
    t->leaves[t->count++] = (struct leaf){iova, paddr, pgsize, prot};
    iova += pgsize, paddr += pgsize, *mapped += pgsize;
  }
  return 0;
}
static size_t unmap_pages(struct io_pgtable_ops* ops, unsigned long iova, size_t pgsize, size_t n,
                          struct iommu_iotlb_gather* gather) {
  struct tables* t = (struct tables*)ops;
  size_t done = 0;
  (void)gather;
  for (size_t i = 0; i < n; i++, iova += pgsize)
    for (size_t k = 0; k < t->count; k++)
      if (t->leaves[k].addr == iova && t->leaves[k].size == pgsize) {
        t->leaves[k] = t->leaves[--t->count];
        done += pgsize;
        break;
      }
  return done;
}
int alloc_io_pgtable_ops(enum io_pgtable_fmt fmt, struct io_pgtable_cfg* cfg, void* cookie,
                         struct module* user, struct io_pgtable_ops** ops) {
  (void)user;
  host_check(fmt == ARM_MALI_LPAE && cfg->ias == 48 && cfg->oas == 40, "other tables than a Mali's");
  if (host_get()->no_format) return -ENOENT;
  struct tables* t = get(4096, sizeof(*t), __GFP_ZERO);
  if (!t) return -ENOMEM;
  t->ops = (struct io_pgtable_ops){map_pages, unmap_pages, NULL};
  t->tlb = cfg->tlb, t->cookie = cookie;
  cfg->arm_mali_lpae_cfg.transtab = virt_to_phys(t) | 7;
  cfg->arm_mali_lpae_cfg.memattr = 0x88888d88;
  tables_alive++;
  *ops = &t->ops;
  return 0;
}
void free_io_pgtable_ops(struct io_pgtable_ops* ops) {
  struct tables* t = (struct tables*)ops;
  t->tlb->tlb_flush_all(t->cookie);
  for (unsigned as = 0; as < 16; as++)
    host_check((host_transtab(as) & ~0xfffULL) != virt_to_phys(ops) || host_get()->lies,
               "tables are freed that the GPU has");
  tables_alive--;
  give_back(ops);
}
unsigned host_tables(void) { return tables_alive; }

int module_get_for(struct module* m, struct module* holder, const char* why) {
  (void)m, (void)holder, (void)why;
  holders++;
  return 0;
}
void module_put_for(struct module* m, struct module* holder, const char* why) {
  (void)m, (void)holder, (void)why;
  host_check(holders--, "a reference is given back twice");
}
unsigned host_holders(void) { return holders; }

// Locks, timers, works.
void mutex_init(struct mutex* m) { m->locked = 0; }
void mutex_lock(struct mutex* m) { host_check(!m->locked, "a lock is taken twice"), m->locked = 1; }
void mutex_unlock(struct mutex* m) {
  host_check(m->locked, "a lock is left that is not held"), m->locked = 0;
}
void host_assert_held(const struct mutex* m) { host_check(m->locked, "without the lock"); }

void timer_setup(struct timer_list* t, void (*fn)(struct timer_list* t), unsigned flags) {
  (void)flags;
  *t = (struct timer_list){.function = fn};
}
bool del_timer(struct timer_list* t) {
  for (struct timer_list** p = &timers; *p; p = &(*p)->next)
    if (*p == t) {
      *p = t->next;
      return true;
    }
  return false;
}
bool mod_timer(struct timer_list* t, unsigned long expires) {
  const bool pending = del_timer(t);
  t->expires = expires;
  t->next = timers;
  timers = t;
  return pending;
}
bool del_timer_sync(struct timer_list* t) {
  if (running_timer == t) running_timer = NULL, t->function(t);
  return del_timer(t);
}
void host_timer_runs(void) {
  host_check(timers && !running_timer, "no timer to run, or one runs");
  running_timer = timers, timers = timers->next;
}
static struct workqueue_struct queue;
bool queue_work(struct workqueue_struct* wq, struct work_struct* w) {
  host_check(wq, "a work for no queue");
  host_check(!work || work == w, "another work");
  work = w;
  return true;
}
bool cancel_work_sync(struct work_struct* w) {
  const bool was = work == w;
  if (was) work = NULL;
  return was;
}
struct workqueue_struct* alloc_ordered_workqueue(const char* name, unsigned flags) {
  (void)name, (void)flags;
  return fail_at && !--fail_at ? NULL : &queue;
}
void destroy_workqueue(struct workqueue_struct* wq) { (void)wq, work = NULL; }

// The device and its driver.
struct device* get_device(struct device* dev) {
  return dev;
}
void put_device(struct device* dev) { (void)dev; }
int devm_add_action_or_reset(struct device* dev, void (*action)(void*), void* data) {
  (void)dev;
  actions[num_actions] = action, action_data[num_actions++] = data;
  return 0;
}
int devm_request_threaded_irq(struct device* dev, unsigned irq, irq_handler_t handler, irq_handler_t thread,
                              unsigned long flags, const char* name, void* id) {
  (void)dev, (void)flags, (void)name;
  if (fail_at && !--fail_at) return -ENOMEM;
  irqs[irq].handler = handler, irqs[irq].thread = thread, irqs[irq].id = id;
  return 0;
}
static const char* const lines[] = {"job", "mmu", "gpu"};
int platform_get_irq_byname(struct platform_device* pdev, const char* name) {
  (void)pdev;
  for (int i = 0; i < 3; i++)
    if (!strcmp(name, lines[i])) return i;
  return -ENXIO;
}
int platform_driver_register(struct platform_driver* drv) { return driver = drv, 0; }
void platform_driver_unregister(struct platform_driver* drv) { (void)drv, driver = NULL; }
void* devm_platform_get_and_ioremap_resource(struct platform_device* pdev, unsigned index,
                                             struct resource** res) {
  (void)pdev, (void)index;
  window = (struct resource){0, host_window() - 1};
  *res = &window;
  return host_registers();
}
int pan_shell_init(void) { return 0; }
void pan_shell_exit(void) {}

static void release_all(void) {
  memset(irqs, 0, sizeof(irqs));
  while (num_actions) num_actions--, actions[num_actions](action_data[num_actions]);
}

void host_start(const struct host_options* options) {
  messages[0] = 0;
  jiffies = 1000;
  fail_at = 0;
  timers = NULL, running_timer = NULL, work = NULL;
  num_clients = num_buffers = num_jobs = 0;
  gpu = (struct platform_device){.dev = {.name = "gpu", .behind_iommu = options->behind_iommu}};
  host_power_up(options);
  host_check(!host_module_init(), "the module does not start");
}

void host_end_of_test(unsigned lost_blocks, unsigned lost_tables) {
  for (int i = 0; i < num_jobs; i++) free(jobs[i]);
  num_jobs = 0;
  host_module_exit();
  host_check(allocated == lost_blocks, "memory is lost, or is not");
  host_check(lost_blocks || !dma_maps, "memory stays mapped");
  host_check(tables_alive == lost_tables && !holders, "tables or references are lost");
  while (allocated) free(blocks[--allocated]);
  tables_alive = dma_maps = 0;
  host_check(!timers && !work, "a timer or a work is left");
}

void host_abandon(void) {
  for (int i = 0; i < num_jobs; i++) free(jobs[i]);
  while (allocated) free(blocks[--allocated]);
  num_jobs = num_clients = 0;
  tables_alive = dma_maps = holders = 0;
  timers = NULL, running_timer = NULL, work = NULL;
  host_module_exit();
}

int host_probe(void) {
  const int ret = driver->probe(&gpu);
  if (ret) release_all();
  return ret;
}
void host_remove(void) {
  driver->remove(&gpu);
  host_check(!running_timer, "the function of a timer runs on behind the driver");
  release_all();
}

static bool interrupts(void) {
  bool any = false;
  for (unsigned i = 0; i < 3; i++) {
    if (!irqs[i].handler || !host_line(lines[i])) continue;
    const irqreturn_t ret = irqs[i].handler((int)i, irqs[i].id);
    host_check(ret != IRQ_NONE, "an interrupt is not handled");
    host_check(ret != IRQ_WAKE_THREAD || !host_line(lines[i]),
               "the line is high while the thread is waited for");
    if (ret == IRQ_WAKE_THREAD) irqs[i].thread((int)i, irqs[i].id);
    any = true;
  }
  return any;
}

static bool works(void) {
  struct work_struct* w = work;
  work = NULL;
  if (w) w->func(w);
  return w != NULL;
}

void host_pump(void) {
  for (unsigned n = 0; interrupts() | works(); n++) host_check(n < 1000, "there is no end of interrupts");
}

static bool next_timer(unsigned long end) {
  struct timer_list* first = NULL;
  for (struct timer_list* t = timers; t; t = t->next)
    if (!first || (long)(t->expires - first->expires) < 0) first = t;
  if (!first || (long)(first->expires - end) > 0) return false;
  if ((long)(first->expires - jiffies) > 0) jiffies = first->expires;
  del_timer(first);
  first->function(first);
  host_pump();
  return true;
}

void host_advance(unsigned ms) {
  const unsigned long end = jiffies + ms;
  host_pump();
  while (next_timer(end))
    ;
  jiffies = end;
}

bool host_something_happens(void) {
  if (interrupts() || works()) return true;
  return next_timer(jiffies + 10000);
}

// Objects by number.
int host_open(void) {
  struct pan_device* pan = pan_get(NULL);
  if (!pan) return -ENODEV;
  const int ret = pan_client_open(pan, &clients[num_clients]);
  pan_put(pan);
  return ret ? ret : num_clients++;
}
void host_close(int c) {
  pan_client_close(clients[c]);
  clients[c] = NULL;
}
int host_buffer(int c, uint64_t addr, size_t size, size_t chunk, unsigned flags) {
  struct pan_buffer* b = pan_buffer_create(clients[c], addr, size, chunk, flags);
  if (IS_ERR(b)) return (int)PTR_ERR(b);
  return buffers[num_buffers] = b, num_buffers++;
}
uint64_t host_buffer_addr(int b) { return buffers[b]->addr; }
size_t host_buffer_present(int b) { return buffers[b]->present; }
void host_destroy(int b) { pan_buffer_destroy(buffers[b]); }
bool host_mapped(int c, uint64_t addr, int* prot) {
  const struct tables* t = (struct tables*)clients[c]->tables;
  for (size_t k = 0; t && k < t->count; k++)
    if (addr >= t->leaves[k].addr && addr - t->leaves[k].addr < t->leaves[k].size) {
      if (prot) *prot = t->leaves[k].prot;
      return true;
    }
  return false;
}
int host_submit(int c, uint64_t head, unsigned slot, unsigned timeout_ms) {
  struct pan_job* job = calloc(1, sizeof(*job));
  job->client = clients[c], job->head = head, job->slot = slot, job->timeout_ms = timeout_ms;
  jobs[num_jobs] = job;
  const int ret = pan_job_submit(job);
  if (!ret) return num_jobs++;
  free(job);
  return ret;
}
int host_result(int j) { return jobs[j]->done.done ? jobs[j]->result : -EINPROGRESS; }
uint32_t host_status(int j) { return jobs[j]->status; }
uint64_t host_stopped_at(int j) { return jobs[j]->stopped_at; }
uint64_t host_faults(int c) { return clients[c]->faults; }
int host_transtab_owner(unsigned as) {
  for (int c = 0; c < num_clients; c++)
    if (clients[c] && clients[c]->tables && host_transtab(as) == clients[c]->transtab) return c;
  return -1;
}
int host_client_of(unsigned slot) {
  struct pan_device* pan = pan_get(NULL);
  const struct pan_job* job = pan ? pan->slots[slot].running : NULL;
  int owner = -1;
  for (int c = 0; c < num_clients && job; c++)
    if (clients[c] && clients[c] == job->client) owner = c;
  if (pan) pan_put(pan);
  return owner;
}
bool host_waits(unsigned slot) {
  struct pan_device* pan = pan_get(NULL);
  const bool waits = pan && pan->slots[slot].present && !list_empty(&pan->slots[slot].queue);
  if (pan) pan_put(pan);
  return waits;
}
void host_reset_gpu(void) {
  struct pan_device* pan = pan_get(NULL);
  mutex_lock(&pan->lock);
  pan_reset(pan, "test");
  mutex_unlock(&pan->lock);
  pan_put(pan);
}

uint64_t host_lock_region(uint64_t start, uint64_t size) { return pan_lock_region(start, size); }
const char* host_exception_name(uint32_t exception) { return pan_exception_name(exception); }
const char* host_fault_text(bool bus, uint32_t status, uint64_t addr) {
  static char text[160];
  struct pan_fault f;
  pan_fault_decode(&f, 0, bus, status, addr);
  pan_fault_format(text, sizeof(text), &f);
  return text;
}
bool host_is_hole(bool bus, uint32_t status) {
  struct pan_fault f;
  pan_fault_decode(&f, 0, bus, status, 0);
  return pan_fault_is_hole(&f);
}

static struct pan_as_table table;
void host_as_table(uint32_t present) { pan_as_init(&table, present); }
int host_as_take(int owner, int* evicted) {
  void* who = NULL;
  const int as = pan_as_take(&table, (void*)(intptr_t)owner, &who);
  if (as >= 0) *evicted = (int)(intptr_t)who;
  return as;
}
void host_as_release(int as) { pan_as_release(&table, (unsigned)as); }
void host_as_forget(int owner) { pan_as_forget(&table, (void*)(intptr_t)owner); }
int host_as_find(int owner) { return pan_as_find(&table, (void*)(intptr_t)owner); }

_Static_assert(sizeof(struct host_desc) == sizeof(struct pan_desc), "a job has 16 words");
void host_desc_value(struct host_desc* d, uint16_t index, uint64_t addr, int kind, uint64_t value) {
  pan_desc_write_value((struct pan_desc*)d, index, addr, (enum pan_value_kind)kind, value);
}
int host_desc_copy(struct host_desc* d, uint16_t index, uint64_t dst, uint64_t src, uint64_t size) {
  return pan_desc_copy((struct pan_desc*)d, index, dst, src, size);
}
int host_desc_link(struct host_desc* d, uint64_t next) { return pan_desc_link((struct pan_desc*)d, next); }
unsigned host_value_size(int kind) { return pan_value_size((enum pan_value_kind)kind); }
