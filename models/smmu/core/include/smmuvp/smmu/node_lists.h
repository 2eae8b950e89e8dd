// Doubly linked lists of numbers, in one flat vector.
#pragma once

#include <cstdint>
#include <vector>

namespace smmuvp::smmu {

/// Nodes are numbers; a list is a ring through the node that is its head. Nothing is allocated after reset(),
/// and the order of a list is the order of the calls alone.
class NodeLists {
 public:
  /// @param nodes  how many, heads included; each becomes a list of its own, empty
  void reset(std::uint32_t nodes) {
    m_nodes.resize(nodes);
    for (std::uint32_t i = 0; i < nodes; ++i) m_nodes[i] = {i, i};
  }
  /// The first of a list, where `node` is its head. The end of a list is its head again.
  std::uint32_t next(std::uint32_t node) const { return m_nodes[node].next; }
  void push_front(std::uint32_t head, std::uint32_t node) { insert(head, node, m_nodes[head].next); }
  void push_back(std::uint32_t head, std::uint32_t node) { insert(m_nodes[head].prev, node, head); }
  /// The node may not be used again before a push.
  void unlink(std::uint32_t node) {
    const Node n = m_nodes[node];
    m_nodes[n.prev].next = n.next;
    m_nodes[n.next].prev = n.prev;
  }

 private:
  struct Node {
    std::uint32_t next;
    std::uint32_t prev;
  };
  void insert(std::uint32_t before, std::uint32_t node, std::uint32_t after) {
    m_nodes[node].next = after;
    m_nodes[before].next = node;
    m_nodes[node].prev = before;
    m_nodes[after].prev = node;
  }

  std::vector<Node> m_nodes;
};

/// log2 of the buckets, each a list, that spread `entries` so that a bucket has one or none.
constexpr unsigned bucket_bits(std::uint32_t entries) {
  unsigned bits = 1;
  while (std::uint32_t{1} << bits < 2 * entries) ++bits;
  return bits;
}
constexpr unsigned lowest_bit(std::uint64_t mask) { return static_cast<unsigned>(__builtin_ctzll(mask)); }
constexpr unsigned highest_bit(std::uint64_t mask) {
  return 63U - static_cast<unsigned>(__builtin_clzll(mask));
}

/// Mixes what names a context and a number in it; the top bits are the best.
constexpr std::uint64_t spread(std::uint64_t context, std::uint64_t number) {
  return (number ^ context * 0xff51afd7ed558ccdU) * 0x9e3779b97f4a7c15U;
}

}  // namespace smmuvp::smmu
