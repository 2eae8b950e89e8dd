// The Page Request Interface of a function: groups, their indices, and what is outstanding. docs/pcie.md,
// Page requests.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "smmuvp/base/archive.h"

namespace smmuvp::pcie {

/// A group of which requests have gone, or are about to go.
struct PageGroup {
  std::uint16_t PRGI = 0;
  bool pasid_valid = false;
  std::uint32_t pasid = 0;
  bool privileged = false;
  bool execute = false;
  bool read = false;
  bool write = false;
  std::uint64_t address = 0;   ///< of the first page
  std::uint32_t requests = 0;  ///< of the group
  std::uint32_t sent = 0;      ///< of these, how many have been taken

  bool complete() const { return sent == requests; }
  void visit(Archive& archive);
};

/// How a Page Response was taken.
enum class PageAnswer : std::uint8_t { Success, Invalid, Failure, Unexpected, Ignored };

class PageRequests {
 public:
  static constexpr std::uint64_t page_bytes = 4096;
  static constexpr std::uint32_t indices = 512;  // PRGI has 9 bits, Base 10.4.1

  /// Requests whose response has not come, and those that are about to go.
  std::uint32_t outstanding() const;
  bool waits_for(bool pasid_valid, std::uint32_t pasid) const;
  /// Begins a group, with an index that no other one has. `group` has all but the index and `sent`.
  std::uint16_t open(PageGroup group);
  /// The group whose requests are being sent; nullptr if none is.
  const PageGroup* sending() const;
  /// A request of the group has been taken.
  void sent(std::uint16_t PRGI);
  /// The group ends: one of its requests was not taken.
  void drop(std::uint16_t PRGI);
  /// Gives up the groups of a PASID that have gone as a whole.
  void forget(std::uint32_t pasid);

  /// @param code          of the response: 0 Success, 1 Invalid Request, else a failure (Base 10.4.2.1)
  /// @param takes_pasid   PRG Response PASID Required
  PageAnswer respond(std::uint16_t PRGI, bool pasid_valid, std::uint32_t pasid, unsigned code,
                     bool takes_pasid);
  /// A response has told a failure: no requests, and no responses, until Enable rises.
  bool failed() const { return m_failed; }
  void enable_rises() { m_failed = false; }
  /// Gives up what is outstanding.
  void clear() { m_groups.clear(); }
  void reset();

  void visit(Archive& archive);

 private:
  std::vector<PageGroup> m_groups;
  std::uint16_t m_next = 0;
  bool m_failed = false;
};

}  // namespace smmuvp::pcie
