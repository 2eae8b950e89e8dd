// Notices stores to chosen pages of this process's memory, whoever makes them: a processor that stores by
// pointer, a device, a debugger. Costs nothing elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "smmuvp/base/export.h"

namespace smmuvp {

/// Pages that are watched are read-only for this process. The first store to one raises SIGSEGV, whose
/// handler notes the page, lets it be written, and returns: the store is made, and so are those behind it.
/// take() tells what has changed and watches again. Any other SIGSEGV goes to the handler that was there
/// before the first PageWatch was made, or ends the process, as it would have.
///
/// A system call that would write to a watched page, read() for example, fails with EFAULT instead.
///
/// Not for several threads: stores, take() and the rest come from one.
class SMMUVP_EXPORT PageWatch {
 public:
  /// `noticed` is called within the handler at the first store to a page since take(), with `context`. It may
  /// do what a signal handler may: set a flag.
  using Noticed = void (*)(void* context);
  explicit PageWatch(Noticed noticed = nullptr, void* context = nullptr);
  /// All pages are as they were before.
  ~PageWatch();
  PageWatch(const PageWatch&) = delete;
  PageWatch& operator=(const PageWatch&) = delete;

  /// Of the host.
  static std::size_t page_bytes();
  /// The page that `address` lies in, which is readable and writable and stays mapped, is watched from now
  /// on.
  /// @return false: it cannot be, since so many are, or since another PageWatch does
  bool watch(const void* address);
  /// No longer. What has been stored since take() is forgotten.
  void unwatch(const void* address);
  void unwatch_all();
  bool watches(const void* address) const { return find(page_of(address)) != none; }
  std::size_t pages() const { return m_pages; }

  /// Whether there may be something to take.
  bool pending() const { return m_dirty_count != 0; }
  /// For each page that was stored to since the last time, in the order of their first stores: what it held
  /// before. Whether anything differs is not known before. It is watched again when `tell` is called, which
  /// may call watch() and unwatch().
  using Tell = std::function<void(const std::uint8_t* page, const std::uint8_t* before)>;
  void take(const Tell& tell);

  /// How often a store was noticed: each takes some microseconds.
  std::uint64_t noticed_count() const { return m_noticed_count; }

  /// At most so many pages a process: each may cut one of the kernel's mappings, of which there are as many.
  static constexpr std::size_t most = 16384;

 private:
  friend struct PageWatchSignal;
  static constexpr std::size_t none = ~std::size_t{0};
  struct Slot {
    std::uint8_t* page = nullptr;  // nullptr: free
    bool open = false;             // stored to since take()
    std::unique_ptr<std::uint8_t[]> before;
  };
  static std::uint8_t* page_of(const void* address);
  std::size_t find(const std::uint8_t* page) const;
  static std::size_t hash(const std::uint8_t* page);
  void remove(std::size_t slot);
  bool handle(std::uint8_t* page);

  Noticed m_noticed;
  void* m_context;
  std::vector<Slot> m_slots;  // by hash, linear; never grows, since a handler reads it
  std::size_t m_pages = 0;
  std::vector<std::uint8_t*> m_dirty;  // as long as pages can be
  volatile std::size_t m_dirty_count = 0;
  std::uint64_t m_noticed_count = 0;
  std::unique_ptr<std::uint8_t[]> m_scratch;  // what a page held before, while take() tells
  PageWatch* m_next = nullptr;                // of all that there are
};

}  // namespace smmuvp
