// Direct memory pointers that the client of a TBU holds: translations that are cached outside of the SMMU.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "smmuvp/smmu/cache_tag.h"
#include "smmuvp/smmu/micro_tlb.h"

namespace smmuvp::smmu {

/// A range of addresses that a client reaches by pointer.
struct Granted {
  AddressRange input;                            ///< the client's addresses
  std::uint64_t output = 0;                      ///< of input.first
  std::vector<AddressRange>* dropped = nullptr;  ///< where `input` goes when the grant does
};
inline void entry_dropped(Granted& granted) { granted.dropped->push_back(granted.input); }

/// What a TBU has of a page, block or bypass for its client to reach by pointer.
struct DirectRegion {
  CacheKey key;         ///< what withdraws it
  AddressRange input;   ///< the client's addresses
  AddressRange output;  ///< what they are downstream, in the same order
  bool read = false;    ///< the rights of all stages, no flag update pending
  bool write = false;
  std::uint64_t latency = 0;  ///< of a hit, in picoseconds

  /// Only what downstream lets through, of which `allowed` are all addresses. @return whether the output of
  /// `address`, which is of the region, is among it.
  bool clip(const AddressRange& allowed, std::uint64_t address);
};

/// The grants of one TBU whose accesses are all of one stream. A grant is withdrawn by whatever invalidation
/// would take the TLB entry that it was made of. Each withdrawal is told at once, and after all that goes has
/// gone: withdraw() may come back. It is given nothing until everything has been told, since it could be told
/// then of what it was given since. What a withdrawal takes is of what goes, but for ranges of output
/// addresses, for which every grant is looked at.
class Grants : private TaggedStore<OwnedEntry<Granted>, Holds::leaves> {
  using Entry = OwnedEntry<Granted>;

 public:
  /// More at a time are not given, and none goes for another: withdrawing while granting would surprise.
  static constexpr std::uint32_t most = 4096;
  /// Tells the client that it may no longer use a range.
  using Withdraw = std::function<void(const AddressRange&)>;

  Grants(std::uint32_t stream_id, Withdraw withdraw);
  Grants(const Grants&) = delete;
  Grants& operator=(const Grants&) = delete;

  std::uint64_t size() const { return TaggedStore::size(); }
  /// Whether another may be given: not too many are, and no withdrawals are being told.
  bool has_room() const { return size() < most && m_telling == 0; }
  /// Keeps a grant. @return false where none may be given: there is no room, or the client has one of the
  /// same place that was made of another translation and is not withdrawn yet.
  bool add(const DirectRegion& region);

  // Each gives how many it withdrew.
  std::uint64_t invalidate(const Invalidation& what);
  std::uint64_t withdraw_all();
  /// Configuration of streams with (StreamID & mask) == match has changed.
  std::uint64_t forget(std::uint64_t match, std::uint64_t mask);
  /// Downstream invalidates output addresses. A grant goes as a whole. @param excess  grows by those of which
  /// a part only was named
  std::uint64_t invalidate_output(const AddressRange& output, std::uint64_t& excess);

 private:
  std::uint64_t tell();

  std::uint32_t m_stream_id;
  Withdraw m_withdraw;
  std::vector<AddressRange> m_dropped;
  unsigned m_telling = 0;  // calls of tell() under way
};

}  // namespace smmuvp::smmu
