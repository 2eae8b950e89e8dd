#include "smmuvp/base/page_watch.h"

#include <csignal>
#include <cstring>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace smmuvp {

namespace {

constexpr std::size_t slot_count = 2 * PageWatch::most;

}  // namespace

/// The handler, and who is asked.
struct PageWatchSignal {
  static PageWatch* first;
  static struct sigaction before;

  static void install() {
    struct sigaction ours {};
    ours.sa_sigaction = &handle;
    ours.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigemptyset(&ours.sa_mask);
    ::sigaction(SIGSEGV, &ours, &before);
  }

  // Whoever was there gets what is not ours. With the default action the access is made again, and ends us.
  // One that somebody has sent is not made again by itself.
  static void pass_on(int number, siginfo_t* info, void* context) {
    if ((before.sa_flags & SA_SIGINFO) != 0 && before.sa_sigaction != nullptr) {
      before.sa_sigaction(number, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
      before.sa_handler(number);
    } else {
      ::sigaction(SIGSEGV, &before, nullptr);
      if (info->si_code <= 0) ::raise(number);
    }
  }

  static void handle(int number, siginfo_t* info, void* context) {
    if (info->si_code == SEGV_ACCERR) {
      std::uint8_t* const page = PageWatch::page_of(info->si_addr);
      for (PageWatch* watch = first; watch != nullptr; watch = watch->m_next) {
        if (watch->handle(page)) return;
      }
    }
    pass_on(number, info, context);
  }
};

PageWatch* PageWatchSignal::first = nullptr;
struct sigaction PageWatchSignal::before {};

PageWatch::PageWatch(Noticed noticed, void* context)
    : m_noticed(noticed), m_context(context), m_slots(slot_count), m_dirty(most) {
  page_bytes();  // known before a handler asks
  if (PageWatchSignal::first == nullptr) PageWatchSignal::install();
  m_next = PageWatchSignal::first;
  PageWatchSignal::first = this;
}

void PageWatch::unwatch_all() {
  for (Slot& slot : m_slots) {
    if (slot.page != nullptr) ::mprotect(slot.page, page_bytes(), PROT_READ | PROT_WRITE);
    slot = {};
  }
  m_pages = 0;
  m_dirty_count = 0;
}

PageWatch::~PageWatch() {
  unwatch_all();
  PageWatch** at = &PageWatchSignal::first;
  while (*at != this) at = &(*at)->m_next;
  *at = m_next;
  if (PageWatchSignal::first == nullptr) ::sigaction(SIGSEGV, &PageWatchSignal::before, nullptr);
}

std::size_t PageWatch::page_bytes() {
  static const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

std::uint8_t* PageWatch::page_of(const void* address) {
  auto* const byte = static_cast<std::uint8_t*>(const_cast<void*>(address));
  return byte - (reinterpret_cast<std::uintptr_t>(byte) & (page_bytes() - 1));
}

std::size_t PageWatch::hash(const std::uint8_t* page) {
  const std::uint64_t number = reinterpret_cast<std::uintptr_t>(page) >> 12U;
  return static_cast<std::size_t>(number * 0x9e37'79b9'7f4a'7c15U >> 40U) % slot_count;
}

std::size_t PageWatch::find(const std::uint8_t* page) const {
  for (std::size_t i = hash(page); m_slots[i].page != nullptr; i = (i + 1) % slot_count) {
    if (m_slots[i].page == page) return i;
  }
  return none;
}

bool PageWatch::watch(const void* address) {
  std::uint8_t* const page = page_of(address);
  for (const PageWatch* other = PageWatchSignal::first; other != nullptr; other = other->m_next) {
    if (other->find(page) != none) return other == this;
  }
  if (m_pages == most) return false;
  std::size_t i = hash(page);
  while (m_slots[i].page != nullptr) i = (i + 1) % slot_count;
  auto before = std::make_unique<std::uint8_t[]>(page_bytes());
  std::memcpy(before.get(), page, page_bytes());
  if (::mprotect(page, page_bytes(), PROT_READ) != 0) return false;
  m_slots[i] = {page, false, std::move(before)};
  ++m_pages;
  return true;
}

void PageWatch::unwatch(const void* address) {
  const std::size_t i = find(page_of(address));
  if (i == none) return;
  ::mprotect(m_slots[i].page, page_bytes(), PROT_READ | PROT_WRITE);
  remove(i);
}

// What was put behind it because of it moves up (linear probing).
void PageWatch::remove(std::size_t slot) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < m_dirty_count; ++i) {
    if (m_dirty[i] != m_slots[slot].page) m_dirty[count++] = m_dirty[i];
  }
  m_dirty_count = count;
  m_slots[slot] = {};
  --m_pages;
  for (std::size_t i = (slot + 1) % slot_count; m_slots[i].page != nullptr; i = (i + 1) % slot_count) {
    const std::size_t home = hash(m_slots[i].page);
    const bool stays = slot < i ? home > slot && home <= i : home > slot || home <= i;
    if (stays) continue;
    m_slots[slot] = std::move(m_slots[i]);
    m_slots[i] = {};
    slot = i;
  }
}

bool PageWatch::handle(std::uint8_t* page) {
  const std::size_t i = find(page);
  if (i == none) return false;
  if (::mprotect(page, page_bytes(), PROT_READ | PROT_WRITE) != 0) return false;
  if (m_slots[i].open) return true;
  m_slots[i].open = true;
  m_dirty[m_dirty_count] = page;
  m_dirty_count = m_dirty_count + 1;
  ++m_noticed_count;
  if (m_noticed != nullptr) m_noticed(m_context);
  return true;
}

void PageWatch::take(const Tell& tell) {
  const std::size_t bytes = page_bytes();
  while (m_dirty_count != 0) {
    std::uint8_t* const page = m_dirty[0];
    m_dirty_count = m_dirty_count - 1;
    for (std::size_t i = 0; i < m_dirty_count; ++i) m_dirty[i] = m_dirty[i + 1];
    const std::size_t slot = find(page);
    if (slot == none) continue;
    m_slots[slot].open = false;
    const bool closed = ::mprotect(page, bytes, PROT_READ) == 0;
    std::swap(m_slots[slot].before, m_scratch);
    if (m_slots[slot].before == nullptr) m_slots[slot].before = std::make_unique<std::uint8_t[]>(bytes);
    std::memcpy(m_slots[slot].before.get(), page, bytes);
    if (!closed) remove(slot);  // the kernel has no room for another mapping
    tell(page, m_scratch.get());
  }
}

}  // namespace smmuvp
