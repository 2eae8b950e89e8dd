// Which Stream mapping register group a transaction belongs to (IHI 0062 2.3, 9.6.25).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "smmuvp/base/registers.h"
#include "smmuvp/smmuv2/features.h"

namespace smmuvp::smmuv2 {

struct StreamMatch {
  enum class Kind : std::uint8_t { none, unique, multiple };
  Kind kind = Kind::none;
  std::uint16_t group = 0;  ///< of SMRn and S2CRn; of several the first
};

/// The Stream mapping table in the form that accesses need.
class StreamMap {
 public:
  /// After a write of SMRn, S2CRn, sCR0 or SCR1.
  void refresh(const RegisterFile& registers, const Features& features);
  /// @param secure  of the device: each Security state matches its own groups only (2.3.9)
  StreamMatch find(std::uint32_t stream_id, bool secure) const;
  /// Every group that matches, from the lowest on.
  std::vector<std::uint16_t> all(std::uint32_t stream_id, bool secure) const;

 private:
  struct Group {
    std::uint32_t mask = 0;  // bits that count
    std::uint32_t id = 0;
    bool valid = false;
  };
  struct Known {
    std::uint32_t stream_id = ~0U;
    StreamMatch match;
  };

  /// @param f  called with a group; false: no more are wanted
  template <class F>
  void for_each_match(std::uint32_t stream_id, bool secure, F f) const;
  StreamMatch search(std::uint32_t stream_id, bool secure) const;

  bool m_matches = true;                   // by SMRn; else indexed
  std::array<std::uint32_t, 2> m_limit{};  // StreamIDs from here on are not there, by Security state
  std::vector<Group> m_groups;
  std::uint32_t m_secure_from = 0;                         // groups from here up are Secure
  mutable std::array<std::array<Known, 64>, 2> m_known{};  // what find() has answered, by Security state
};

}  // namespace smmuvp::smmuv2
